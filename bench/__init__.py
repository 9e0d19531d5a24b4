"""The benchmark: ``python -m bench``. Starts its own database and servers, prints one table, draws one plot."""
