from . import saas_killbill_publish
