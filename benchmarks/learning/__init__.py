"""What suites that train classifiers share: starting networks, surgery, rates, one loop, features."""
