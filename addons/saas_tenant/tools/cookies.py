"""What was set over https is never sent in clear, whatever the customer clicks on."""

FORWARDED = "HTTP_X_FORWARDED_PROTO"  # the proxy's word: it sets it anew


def securing(environ, start_response):
    """Have cookies marked Secure where the visitor came by https.

    :param dict environ: of a request that the proxy let through
    :return: what starts the answer in place of ``start_response``
    """
    if environ.get(FORWARDED) != "https":
        return start_response

    def start(status, headers, *error):
        marked = [(name, _mark(name, value)) for name, value in headers]
        return start_response(status, marked, *error)

    return start


def _mark(name, value):
    if name.lower() != "set-cookie" or "; secure" in value.lower():
        return value
    return f"{value}; Secure"
