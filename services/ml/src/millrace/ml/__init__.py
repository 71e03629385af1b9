"""What might happen: learned models, their trainings and predictions."""
