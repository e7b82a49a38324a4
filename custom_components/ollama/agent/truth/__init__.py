"""Whether an answer says that something in the home was done.

What is found and what is missed: docs/truth.md.
"""

from .reader import Claim, claim, claim_in_prefix, claims_action

__all__ = ["Claim", "claim", "claim_in_prefix", "claims_action"]
