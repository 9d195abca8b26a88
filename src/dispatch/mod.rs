//! From a committed delivery to a recorded outcome: lanes, claims, requests, the egress guard.
