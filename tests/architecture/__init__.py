"""The house: its layout, budgets and rules, checked."""
