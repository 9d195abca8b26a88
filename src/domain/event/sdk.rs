//! To and from `cloudevents::Event`, for those who hold one.
