"""How the authors name the tensors of their networks, and how we do."""

# Tensor name of ours -> theirs, without ".weight" or ".bias". Their release has one family of joint names; the
# single-task files call both linear layers of their only head out_fc1 and out_fc2.
BIG = {f"big.conv{i}": f"big_conv{i}" for i in range(1, 7)}
SMALL = {f"small.conv{i}": f"small_conv{i}" for i in range(1, 5)}
JOINT_HEADS = {"au": "au_fc", "pulse": "bvp_fc", "respiration": "resp_fc"}
SINGLE_HEAD = "out_fc"


def head_names(task: str, theirs: str) -> dict[str, str]:
    """Names of a head's two layers."""
    return {f"heads.{task}.fc{i}": f"{theirs}{i}" for i in (1, 2)}
