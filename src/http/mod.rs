//! The HTTP side: receiving events, the API, and what serves them.
