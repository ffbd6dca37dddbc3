"""What tests share: servers, sets, faults."""
