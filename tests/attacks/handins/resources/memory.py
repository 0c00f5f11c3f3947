"""Takes memory until there is none."""

hoard = []
while True:
    hoard.append(bytearray(64 << 20))
