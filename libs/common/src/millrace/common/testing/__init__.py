"""What tests of several members share: real servers, in-process platforms. Never imported by running code."""
