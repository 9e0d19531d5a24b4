"""What happens to a request: route, parse, plan, run, render; write; call."""
