# Puts everything in its place: `make install DESTDIR=image`.

prefix ?= /usr
bindir ?= $(prefix)/bin
unitdir ?= $(prefix)/lib/systemd/system
presetdir ?= $(prefix)/lib/systemd/system-preset
taskdir ?= $(prefix)/lib/overlayctl/cleanup.d

# Cargo knows what is up to date.
target ?= target
binary = $(target)/release/overlayctl

.PHONY: all install

all:
	cargo build --release --locked --target-dir $(target)

install:
	test -x $(binary) || $(MAKE) all
	install -D --mode=755 --target-directory=$(DESTDIR)$(bindir) $(binary)
	install -D --mode=644 --target-directory=$(DESTDIR)$(unitdir) data/systemd/*.service data/systemd/*.timer data/systemd/*.target
	install -D --mode=644 --target-directory=$(DESTDIR)$(presetdir) data/systemd/*.preset
	install -D --mode=644 --target-directory=$(DESTDIR)$(taskdir) data/cleanup.d/*.toml
