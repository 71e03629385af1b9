"""What users can ask and have done."""
