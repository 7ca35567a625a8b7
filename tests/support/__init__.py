"""What several test folders lean on: servers, clients and clocks for tests."""
