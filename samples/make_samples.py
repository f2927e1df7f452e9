"""Makes the sample files of this folder anew, byte for byte.

    python samples/make_samples.py CDNOW_master.txt

``CDNOW_master.txt`` is the table that ``README.md`` names; only ``orders.jsonl.gz`` and the small files cut
from it need it. Everything else is written here by hand or by rule.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
LATIN1 = "name,email,amount,date\nJosé Müller,jose@example.com,10,2025-08-18\n"
Order = dict[str, str | int | float]


def orders(table: Path) -> Iterator[Order]:
    """Yield each purchase of the CDNOW table as an order.

    A customer may buy more than once a day, so the order id carries a running number within (customer, day).
    """
    seen: Counter[tuple[str, str]] = Counter()
    for row in table.read_text("ascii").splitlines()[1:]:
        customer, day, quantity, amount = row.split()
        seen[customer, day] += 1
        yield {
            "order_id": f"{customer}-{day}-{seen[customer, day]}",
            "customer_id": customer,
            "order_date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "quantity": int(quantity),
            "amount": float(amount),
            "currency": "USD",
        }


def json_lines(records: Iterable[Order]) -> bytes:
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)


def write(name: str, content: bytes) -> None:
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def compressed(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)


def write_good(purchases: list[Order]) -> None:
    write("good/orders.jsonl.gz", compressed(json_lines(purchases)))
    write("good/orders_array.json", json.dumps(purchases[:200], indent=1).encode() + b"\n")
    write("good/order.json", json.dumps(purchases[0], indent=2).encode() + b"\n")
    write("good/orders_bom.jsonl", b"\xef\xbb\xbf" + json_lines(purchases[200:300]))
    write(
        "good/orders_two_members.jsonl.gz",
        b"".join(compressed(json_lines(purchases[a : a + 50])) for a in (300, 350)),
    )
    header = ",".join(purchases[0])
    rows = [",".join(str(cell) for cell in order.values()) for order in purchases[400:500]]
    write("good/orders.csv", "\r\n".join([header, *rows, ""]).encode())
    write("good/orders.tsv", "\n".join([header, *rows]).replace(",", "\t").encode())
    write(
        "good/sales.csv",
        b"name,email,amount,date\n"
        b'"Lovelace, Ada",ada@example.com,120.50,2025-08-18\n'
        b"Grace Hopper,grace@example.com,80,2025-08-18\n"
        b'"Katherine ""Kay"" Johnson",kay@example.com,15.00,2025-08-19\n'
        b'"Mary\nJackson",mary@example.com,,2025-08-19\n',
    )
    event = {
        "userId": "user-fd7721",
        "eventType": "click",
        "timestamp": "2025-08-18T19:00:00Z",
        "metadata": {"note": "test data", "source": "collect_lambda"},
    }
    write("good/event.json", json.dumps(event, indent=2).encode() + b"\n")


def write_bad(purchases: list[Order]) -> None:
    thousand = json_lines(purchases[1000:2000]).splitlines(keepends=True)
    thousand[416] = thousand[416].replace(b'"quantity":', b'"quantity":-')
    write("bad/one_in_a_thousand.jsonl", b"".join(thousand))
    write("bad/broken.json", b'{"order_id": "1-19970101-1", "customer_id": \n')
    write(
        "bad/broken_lines.jsonl",
        json_lines(purchases[:3]) + b'{"order_id": "x", \nnot json\n' + json_lines(purchases[3:5]),
    )
    write(
        "bad/against_the_schema.csv",
        b"order_id,customer_id,order_date,quantity,amount,currency\n"
        b"a-1,00001,1997-01-01,1,11.77,USD\n"
        b"a-2,00001,1997-02-30,1,11.77,USD\n"
        b"a-3,00001,1997-01-01,one,11.77,USD\n"
        b"a-4,00001,1997-01-01,1,,USD\n"
        b"a-5,00001,1997-01-01,1,11.77\n"
        b"a-6,00001,1997-01-01,1,11.77,USD,extra\n"
        b"a-7,00001,1997-01-01,1_0,11.77,USD\n",
    )
    write("bad/empty.jsonl", b"")
    write(
        "bad/latin1.csv",
        "name,email,amount,date\nJosé Müller,jose@example.com,10,2025-08-18\n".encode("latin-1"),
    )
    write("bad/cut_short.jsonl.gz", compressed(json_lines(purchases[:500]))[:-200])
    changed = [dict(order, amount=float(order["amount"]) + 1) for order in purchases[:20]]
    write("bad/duplicate_keys.jsonl", json_lines(purchases[:100]) + json_lines(changed))
    write("bad/of_no_dataset.txt", b"Nobody has a contract for this.\n")


def main(table: str) -> None:
    purchases = list(orders(Path(table)))
    write_good(purchases)
    write_bad(purchases)


if __name__ == "__main__":
    main(sys.argv[1])
