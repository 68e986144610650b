"""What should be maximized: methods and objectives, chosen on some buildings, judged on others."""
