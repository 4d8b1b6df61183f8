"""The static site: pages, pictures, search, feeds and manifest."""

from gallery.publish.exhibit import Exhibit, Failure, ImageFile, ScanImages
from gallery.publish.settings import SiteSettings
from gallery.publish.site import Site, publish

__all__ = ["Exhibit", "Failure", "ImageFile", "ScanImages", "Site", "SiteSettings", "publish"]
