from django.urls import path

from charthouse.portal import views

urlpatterns = [path("portal/invitations/<str:secret>", views.invitation, name="portal-invitation")]
