"""(b): the same endpoints as a good developer writes them with Django REST framework and django-oauth-toolkit."""
