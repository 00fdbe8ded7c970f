/** Frames of the camera, handed over one by one. */

/** How many frames may be on their way to the worker; others are left out. */
const WAITING = 3;

export class Camera {
  private stream: MediaStream | null = null;
  private onTheWay = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly onFrame: (frame: VideoFrame, seconds: number) => void,
  ) {}

  get running(): boolean {
    return this.stream !== null;
  }

  /** Ask for the camera and begin; throws the browser's DOMException where it cannot be used. */
  async start(): Promise<void> {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: "user" },
    });
    this.video.srcObject = this.stream;
    this.onTheWay = 0;
    await this.video.play();
    this.next();
  }

  stop(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The worker has taken a frame. */
  taken(): void {
    this.onTheWay--;
  }

  private next(): void {
    this.video.requestVideoFrameCallback((now, { captureTime }) => {
      if (!this.stream) return;
      if (this.onTheWay < WAITING && this.video.videoWidth) {
        this.onTheWay++;
        this.onFrame(new VideoFrame(this.video), (captureTime ?? now) / 1000);
      }
      this.next();
    });
  }
}
