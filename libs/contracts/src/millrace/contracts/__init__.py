"""Five API contracts over one set of operations: what each request means, and how each answer is spelled."""
