//! What a subscription must fulfil before it is stored. Filled in with the API.
