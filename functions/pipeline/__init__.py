"""What the functions share: pure logic, and thin gateways to AWS."""
