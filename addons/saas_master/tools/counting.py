"""Figures on records that count other records."""


def count_into(records, field, model, by, domain=()):
    """Write into a computed field how many records of a model belong to each.

    :param records: whose field it is
    :param str field: the computed field
    :param str model: whose records are counted
    :param str by: its many2one that leads here
    :param domain: which of them count; all by default
    """
    groups = records.env[model]._read_group(
        [(by, "in", records.ids), *domain], [by], ["__count"]
    )
    counts = {record.id: count for record, count in groups}
    for record in records:
        record[field] = counts.get(record.id, 0)
