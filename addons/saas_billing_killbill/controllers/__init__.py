from . import saas_killbill_webhook
