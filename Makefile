# Puts everything in its place: `make install DESTDIR=image`. The places are fixed, since the units name the program by its path.

target ?= target
# Another one is installed as it is: `make install binary=…`.
binary = $(target)/release/overlayctl

lib = $(DESTDIR)/usr/lib

.PHONY: all install

all:
	cargo build --release --locked --target-dir "$(target)"

# The definitions of the adapters are in the program. A file of one in overlayctl/adapters.d would lie over that, and be the older one
# of the two one day.
# Only cargo knows whether its own binary is up to date.
install: $(if $(filter file,$(origin binary)),all)
	install -D --mode=755 "$(binary)" "$(DESTDIR)/usr/bin/overlayctl"
	install -D --mode=644 --target-directory="$(lib)/systemd/system" data/systemd/*.service data/systemd/*.timer data/systemd/*.target
	install -D --mode=644 --target-directory="$(lib)/systemd/system-preset" data/systemd/*.preset
	install -D --mode=644 --target-directory="$(lib)/tmpfiles.d" data/tmpfiles.d/*.conf
	install -D --mode=644 --target-directory="$(lib)/overlayctl/cleanup.d" data/cleanup.d/*.toml
