"""What a password must be, said in words of ours where Django's are not translated."""

from django.contrib.auth import password_validation
from django.utils.translation import gettext as _


class MinimumLengthValidator(password_validation.MinimumLengthValidator):
    """Django's check of the length."""

    def get_error_message(self) -> str:
        return _("A password has at least {n} characters.").format(n=self.min_length)
