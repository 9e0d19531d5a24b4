"""The synthetic practices of ``charthouse sandbox``: modules by domain, and tables of data in ``data``."""
