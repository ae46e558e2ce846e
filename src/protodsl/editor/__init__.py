"""What an editor asks while a protocol is being written: diagnostics, readings, names, forms.

`desk` answers by character offsets and knows nothing of any editor; `server` speaks the Language Server
Protocol over standard input and output (extra `editor`: pygls).
"""
