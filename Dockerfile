# gankit with PyTorch, for a user without rights. See "In a container" in docs/running.md.
FROM python:3.11-slim-bookworm

# cpu, or cuda for NVIDIA's GPUs: several gigabytes more.
ARG DEVICE=cpu
# The index of PyTorch's CPU builds; without it pip finds the build for CUDA alone.
ARG PIP_EXTRA_INDEX_URL=

RUN useradd --create-home --uid 1000 gankit && install -d -o gankit -g gankit /home/gankit/runs

# torch comes before anything that would pull another build of it.
WORKDIR /src
COPY constraints.txt ./
RUN case "$DEVICE" in \
      cpu) build=+cpu ;; \
      cuda) build= ;; \
      *) echo "DEVICE: got $DEVICE; expected cpu or cuda"; exit 2 ;; \
    esac \
    && set -- --no-cache-dir --constraint constraints.txt \
    && { pip install "$@" "torch==2.13.0$build" \
      || { echo "no CPU build of torch: installing the one for CUDA"; pip install "$@" torch==2.13.0; }; }

COPY pyproject.toml README.md LICENSE ./
COPY gankit gankit
COPY backends backends
RUN pip install --no-cache-dir --constraint constraints.txt '.[torch]'

USER gankit
WORKDIR /home/gankit
VOLUME /home/gankit/runs
ENTRYPOINT ["gankit"]
CMD ["--help"]
