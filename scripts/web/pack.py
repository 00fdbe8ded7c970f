"""Pack what comes in, as the page unpacks it; `web/build.mjs` runs this.

python scripts/web/pack.py [--weights] < FILE > FILE.xz
"""

import sys

from physiocam.web.packing import packed

if __name__ == "__main__":
    sys.stdout.buffer.write(packed(sys.stdin.buffer.read(), weights="--weights" in sys.argv))
