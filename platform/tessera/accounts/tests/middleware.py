"""Host to tenant, as short as tests need it."""

from django.conf import settings

from tenants.directory import modules_on
from tenants.models import Tenant
from tessera.accounts.authentication import authenticate, refused
from tessera.context import ANONYMOUS, acting, enter
from tessera.errors import ApiError


class TestTenantMiddleware:
    """Enter the tenant of the host's first name; the base domain is the accounts host."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        host = request.get_host()
        request.is_accounts_host = host == settings.BASE_DOMAIN
        if request.is_accounts_host:
            return self.get_response(request)
        tenant = Tenant.objects.get(slug=host.partition(".")[0])
        with enter(tenant.ref(), actor=ANONYMOUS, modules=modules_on(tenant)):
            try:
                actor = authenticate(request, tenant.ref())
            except ApiError as error:
                return refused(request, error)
            with acting(actor):
                return self.get_response(request)
