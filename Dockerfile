# The service in a container. Build the wheel first: python -m build --wheel
#     docker build -t physiocam-serve .
#     docker run --rm --init -e PHYSIOCAM_TOKEN -p 127.0.0.1:8471:8471 -v physiocam-jobs:/jobs physiocam-serve
FROM python:3.13-slim

COPY dist/physiocam-*.whl /tmp/wheel/
RUN pip install --no-cache-dir "$(ls /tmp/wheel/physiocam-*.whl)[serve]" \
    && rm -r /tmp/wheel \
    && useradd --create-home physiocam \
    && install -d -o physiocam -g physiocam -m 700 /jobs

USER physiocam
VOLUME /jobs
EXPOSE 8471
# Inside of the container; "-p" decides who reaches it from outside.
CMD ["physiocam", "serve", "/jobs", "--host", "0.0.0.0"]
