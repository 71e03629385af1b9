"""What the ml service does when it is asked, and by itself."""
