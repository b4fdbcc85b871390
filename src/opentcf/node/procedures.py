"""All procedures of a node."""

from typing import NamedTuple

from opentcf.services.address_book import AddressBook
from opentcf.services.context import Context, Procedure
from opentcf.services.forced_release import ForcedRelease
from opentcf.services.group_call import GroupCalls
from opentcf.services.group_info import GroupInfo
from opentcf.services.handover import Handover
from opentcf.services.heartbeat import Heartbeat
from opentcf.services.private_call import PrivateCalls
from opentcf.services.registration import HomeRegistration, VisitedRegistration
from opentcf.services.regrouping import Regrouping
from opentcf.services.short_data import ShortMessages
from opentcf.services.stun import Stun
from opentcf.services.subscription import Subscriptions
from opentcf.services.video_forward import VideoForwards


class Procedures(NamedTuple):
    """One instance each; the field names are those that timers and transactions bear as their owner's."""

    heartbeat: Heartbeat
    home_registration: HomeRegistration
    visited_registration: VisitedRegistration
    private_call: PrivateCalls
    handover: Handover
    group_info: GroupInfo
    group_call: GroupCalls
    stun: Stun
    forced_release: ForcedRelease
    short_data: ShortMessages
    subscription: Subscriptions
    address_book: AddressBook
    regrouping: Regrouping
    video_forward: VideoForwards

    @classmethod
    def on(cls, ctx: Context) -> "Procedures":
        """Make them."""
        home = HomeRegistration(ctx)
        return cls(
            heartbeat=Heartbeat(ctx),
            home_registration=home,
            visited_registration=VisitedRegistration(ctx, home),
            private_call=PrivateCalls(ctx),
            handover=Handover(ctx),
            group_info=GroupInfo(ctx),
            group_call=GroupCalls(ctx),
            stun=Stun(ctx),
            forced_release=ForcedRelease(ctx),
            short_data=ShortMessages(ctx),
            subscription=Subscriptions(ctx),
            address_book=AddressBook(ctx),
            regrouping=Regrouping(ctx),
            video_forward=VideoForwards(ctx),
        )

    def by_name(self) -> dict[str, Procedure]:
        """Owner's name → procedure."""
        return dict(self._asdict())
