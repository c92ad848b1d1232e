"""What people see of files that they bring."""

from tessera.files import selectors, services
from tessera.files.models import StoredFile
from tessera.resource import Computed, Resource, RowScope

Resource(
    model=StoredFile,
    name="FileUpload",
    fields=("name", "purpose", "size", "sha256", "media_type", "received_at", "expires_at", "created_at", "version"),
    computed=(Computed("upload_url", selectors.upload_urls_of),),
    create=services.create_upload,
    delete=services.delete_upload,
    filters=("purpose", "received_at", "created_at"),
    order=("created_at",),
    scope=RowScope(owner="owner"),
)
