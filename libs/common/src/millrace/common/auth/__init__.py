"""Who is asking, inside the platform: principals, identity tokens between services, approvals, keys."""
