"""Files of many producers, to judge the gallery by: `python -m tests.collection.make DIRECTORY`.

Each file of `recipes/` makes the ONNX files of one producer (an exporter, a converter, an
optimizer, or packages that ship models) from seeded random weights. It is a script with inline
metadata (PEP 723) that pins the producer's packages; `make` runs it in an environment that has
these packages and nothing else, since no environment can have all of them. `[tool.collection]`
of the metadata has `reads`, the producers whose files it reads, and `bare`, for packages that are
wanted for the files in them and never run: those get none of the packages that they depend on.

A recipe is a table of names and functions, given to `files.make`: a function writes the ONNX file
at the path that it gets and returns what its framework knows of the network. That goes into
DIRECTORY/PRODUCER/NAME.json, beside NAME.onnx:

    parameters  number of parameters, as the framework counts them and the file holds them, or null;
                with frozen ones, which a file does not tell from others
    folded      that number after each batch normalization is folded into the layer directly before
                it, as exporters do: of C channels, it takes 2 C parameters and gives the layer a
                bias of C where it has none; null where there is none to fold
    modules     the framework's names of modules that compute with parameters of their own and
                whose scopes a reader can therefore show, or null where the file keeps no names
    source      the packages with their versions, and how the file was made

`python -m tests.collection.judge DIRECTORY` then tells the share of flawless files by producer.

`networks.py` has PyTorch networks that several recipes export.
"""
