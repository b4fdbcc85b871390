"""What is damaged: every torture message, and the messages that this interface lives on."""

from tests.sip.samples import ALL
from tests.torture import rfc4475, rfc5118

CORPUS: tuple[bytes, ...] = (
    *(ALL.values()),
    *(ALL.values()),  # twice: damage is most telling where a message is otherwise sound
    *(case.data for case in (*rfc4475.CASES, *rfc5118.CASES)),
)
