"""Objects that look small and print large, or never stop to."""


class Bomb:
    def __repr__(self):
        return "x" * (300 << 20)

    def _repr_html_(self):
        return "<b>" * (50 << 20)


Bomb()
# %%


class Slow:
    def __repr__(self):
        while True:
            pass


Slow()
# %%
nested = []
for _ in range(100_000):
    nested = [nested]
nested
# %%
raise ValueError("x" * (100 << 20))
