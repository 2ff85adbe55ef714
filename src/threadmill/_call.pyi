from typing_extensions import disjoint_base

from threadmill._core import Job

@disjoint_base
class Call(Job): ...
