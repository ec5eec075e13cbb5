# Puts everything in its place: `make install DESTDIR=image`.

prefix ?= /usr
bindir ?= $(prefix)/bin
unitdir ?= $(prefix)/lib/systemd/system
presetdir ?= $(prefix)/lib/systemd/system-preset
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
taskdir ?= $(prefix)/lib/overlayctl/cleanup.d

target ?= target
# Another one is installed as it is: `make install binary=…`.
binary = $(target)/release/overlayctl

.PHONY: all install

all:
	cargo build --release --locked --target-dir $(target)

# Only cargo knows whether its own binary is up to date.
install: $(if $(filter file,$(origin binary)),all)
	install -D --mode=755 --target-directory=$(DESTDIR)$(bindir) $(binary)
	install -D --mode=644 --target-directory=$(DESTDIR)$(unitdir) data/systemd/*.service data/systemd/*.timer data/systemd/*.target
	install -D --mode=644 --target-directory=$(DESTDIR)$(presetdir) data/systemd/*.preset
	install -D --mode=644 --target-directory=$(DESTDIR)$(tmpfilesdir) data/tmpfiles.d/*.conf
	install -D --mode=644 --target-directory=$(DESTDIR)$(taskdir) data/cleanup.d/*.toml
