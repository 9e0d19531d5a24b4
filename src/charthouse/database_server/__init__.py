"""The PostgreSQL server that Charthouse brings along, for those who have none of their own."""
