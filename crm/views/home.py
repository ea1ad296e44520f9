from django.http import HttpResponse

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required


@role_required(Role.SALES)
def home(request: SignedInRequest) -> HttpResponse:
    return render_page(request, "crm/home.html", title="Home")
