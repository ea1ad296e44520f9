from django.urls import path
from django.views.generic import RedirectView

from crm.views.home import home

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home")),
    path("home/", home, name="home"),
]
