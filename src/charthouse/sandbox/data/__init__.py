"""Tables of data that the synthetic practices are made of. All people, companies and numbers are invented."""
