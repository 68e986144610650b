// The last script: start the page.
if (tg.startLive) tg.startLive();
else tg.startReport();
