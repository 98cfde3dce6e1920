"""The programs of M. Nielsen's book *Neural Networks and Deep Learning* (2015), written anew; and what they reach.

Source: http://neuralnetworksanddeeplearning.com and https://github.com/mnielsen/neural-networks-and-deep-learning
"""
